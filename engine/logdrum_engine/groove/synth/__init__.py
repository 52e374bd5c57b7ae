"""One-shots of every instrument, made with numpy alone."""
