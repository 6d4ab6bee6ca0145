"""Word vectors: learnt or read, asked, drawn, and measured and mended for bias."""
