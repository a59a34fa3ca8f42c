"""The memory task remembers what its sample says, and what no window of ten steps can see."""
