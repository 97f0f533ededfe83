"""Work on items: taken off the bus, scheduled, run once, recorded and followed. It knows what a step is."""
