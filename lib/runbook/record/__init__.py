"""The record of a run: journal, masking, capture in the kernel, drawing, sealing, verifying."""
