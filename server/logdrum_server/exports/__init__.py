"""What leaves a room as files, and comes back: room files, MIDI, DAWproject, mixes and stems (X)."""
