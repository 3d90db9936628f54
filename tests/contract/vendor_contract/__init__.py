"""What holds our clients and the sandbox's twins to the vendors' own documents. A vendor is one file in ``../vendors``."""
