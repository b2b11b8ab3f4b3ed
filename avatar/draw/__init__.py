"""Drawing of each thing an avatar consists of: from a spec and a style to shapes."""
