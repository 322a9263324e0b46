"""Published weights of others, from their files into our networks: `read`, place strictly, store as safetensors."""
