"""The commands. Each module reads its options, calls the layers below, prints, and says an exit code."""
