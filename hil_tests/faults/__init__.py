"""The catalogue of faults: what can go wrong at the wire, in the plant, in our process; and what must then happen."""
