"""The synthetic heart: one analytic geometry for images and truth. Frames only, no DICOM."""

# Raise it with every change that alters a picture or its truth: manifests name the version their weights were trained on.
GENERATOR_VERSION = "2"
