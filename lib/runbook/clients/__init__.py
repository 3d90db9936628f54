"""One module per vendor, only the calls that the procedures use, answers as frozen dataclasses of whitelisted fields."""
