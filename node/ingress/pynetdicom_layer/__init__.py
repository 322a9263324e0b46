"""The upper layer by pynetdicom itself (`upper_layer = "pynetdicom"`): slower, and the measure of ours."""
