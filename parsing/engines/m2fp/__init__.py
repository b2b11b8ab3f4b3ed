"""ModelScope's M2FP checkpoints, several people and one, without mmcv: network, conversion, runtimes, people."""
