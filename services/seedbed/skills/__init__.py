"""Skills: new instructions after seed examples, and the answers to them."""
