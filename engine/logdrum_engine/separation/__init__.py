"""Pulls sounds apart: separators behind one interface. `interface`, `options` and `catalogue` load without torch."""
