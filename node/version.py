"""The release, and the constant identity this implementation shows on the network."""

__version__ = "0.1.0"

# PS3.7 D.3.3.2: constant for this implementation, root 2.25 (PS3.5 B.2: a UUID as one integer).
IMPLEMENTATION_CLASS_UID = "2.25.264983201755610249483162839017254601138"
IMPLEMENTATION_VERSION_NAME = "ECHONODE_0_1"
MANUFACTURER = "EchoNode"
MANUFACTURER_MODEL_NAME = "EchoNode"
