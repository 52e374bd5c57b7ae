"""Sounds on their way through a separator: files and rooms, decoded, resampled, and put together again."""
