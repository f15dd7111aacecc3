"""Pure rules: batching, merging, Pauli sums, keys and seeds, sizing, backing off."""
