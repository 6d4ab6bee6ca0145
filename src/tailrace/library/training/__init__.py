"""What drives training: sessions that are initialized or restored, hooks, supervisors, servers."""
