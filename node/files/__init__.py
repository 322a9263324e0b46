"""Files and folders on this machine: analysed, measured, embedded and learnt from without network or database."""
