"""The products: families of shapes, textures and barcodes."""
