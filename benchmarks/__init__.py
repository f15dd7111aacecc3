"""Campaigns and measurements that are too long for the tests."""
