"""Changes: a module for each kind of object. What a notebook offers is gathered under the name of its system."""
