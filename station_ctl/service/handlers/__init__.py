"""What actions do: one file per noun, loaded by the service when an action of it is first asked for."""
