"""Stand-ins for vendors that ship no server: stateful, and refusing what the vendor refuses. One file each."""
