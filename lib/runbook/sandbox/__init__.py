"""A small world to break on purpose: real servers, stand-ins for the vendors, and the company's own site."""
