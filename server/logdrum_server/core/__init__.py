"""What a room decides: pure and synchronous, `(state, message, now_us) -> (state, effects)`; no clock, no I/O."""
