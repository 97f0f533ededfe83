"""What commands do, one module each."""
