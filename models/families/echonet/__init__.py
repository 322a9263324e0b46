"""The EchoNet networks: EchoNet-Dynamic's and EchoNet-Measurements'."""
