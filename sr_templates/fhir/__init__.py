"""FHIR R4 and R5: a transaction of DiagnosticReport, Observations and Devices, by HL7's mapping of DICOM SR (dicom-sr 1.0.0).

Resources are plain JSON values here; `bundle` has them judged by a library before anything is written.
"""
