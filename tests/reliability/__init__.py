"""What commands do when machines and people misbehave; `make reliability` counts it."""
