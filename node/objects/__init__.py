"""DICOM objects in and out: headers, pixels, clips. No SQL here."""
