"""What jobs yielded: put together from the store's parts, and exported."""
