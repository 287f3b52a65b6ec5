"""Writes `table.csv`: how many blocks a multiprocessor holds, and what keeps it from more.

Run it as `python3 table.py > table.csv`. It shares nothing with the formula that is held against the
table: the properties of the architectures are typed in a second time, and blocks are placed one by
one, warp by warp, until one finds no room.
"""

import random

# Resident threads, resident blocks, KiB of shared memory, KiB of it that a block can have, bytes
# that the system takes for each block, and the unit in which shared memory is given out.
ARCHITECTURES = {
    "7.0": (2048, 32, 96, 96, 0, 256),
    "7.5": (1024, 16, 64, 64, 0, 256),
    "8.0": (2048, 32, 164, 163, 1024, 128),
    "8.6": (1536, 16, 100, 99, 1024, 128),
    "8.7": (1536, 16, 164, 163, 1024, 128),
    "8.9": (1536, 24, 100, 99, 1024, 128),
    "9.0": (2048, 32, 228, 227, 1024, 128),
    "10.0": (2048, 32, 228, 227, 1024, 128),
    "10.3": (2048, 32, 228, 227, 1024, 128),
    "11.0": (1536, 24, 228, 227, 1024, 128),
    "12.0": (1536, 24, 100, 99, 1024, 128),
    "12.1": (1536, 24, 100, 99, 1024, 128),
}
LIMITS = ["threads", "registers", "shared memory", "blocks"]
PARTITIONS = 4
PLENTY = 1000  # More blocks than any one limit allows.


class Multiprocessor:
    """One multiprocessor that fills up with blocks."""

    def __init__(self, architecture, binding=LIMITS):
        threads, blocks, shared_kib, _, self.reserved, self.unit = ARCHITECTURES[architecture]
        self.warps = threads // 32 if "threads" in binding else PLENTY * 32
        self.registers = [16384] * PARTITIONS if "registers" in binding else [1 << 50] * PARTITIONS
        self.shared = shared_kib * 1024 if "shared memory" in binding else 1 << 50
        self.blocks = blocks if "blocks" in binding else PLENTY

    def place(self, threads, registers, shared):
        """Takes the room of one block, and says whether there was enough."""
        self.blocks -= 1
        self.shared -= -(-(shared + self.reserved) // self.unit) * self.unit
        for _ in range(0, threads, 32):
            self.warps -= 1
            emptiest = max(range(PARTITIONS), key=self.registers.__getitem__)
            self.registers[emptiest] -= -(-registers * 32 // 256) * 256
        return min(self.blocks, self.shared, self.warps, *self.registers) >= 0


def count(architecture, block, binding=LIMITS):
    threads, _, shared = block
    if threads > 1024 or shared > ARCHITECTURES[architecture][3] * 1024:
        return 0
    multiprocessor, blocks = Multiprocessor(architecture, binding), 0
    while blocks < PLENTY and multiprocessor.place(*block):
        blocks += 1
    return blocks


def blocks_of(architecture, chance):
    """Blocks at the edges of what fits, and some in between."""
    _, _, shared_kib, most_kib, reserved, unit = ARCHITECTURES[architecture]
    most = most_kib * 1024
    yield from [(1, 1, 0), (32, 32, 0), (33, 32, 0), (1024, 32, 0), (1024, 33, 0), (1024, 64, 0)]
    yield from [(1024, 65, 0), (1025, 32, 0), (128, 255, 0), (256, 255, 0), (288, 255, 0)]
    yield from [(32, 16, 49152), (32, 16, 49153), (64, 40, most), (64, 40, most + 1)]
    for blocks in (2, 3, 5):
        share = shared_kib * 1024 // blocks // unit * unit - reserved
        yield from [(64, 48, share), (64, 48, share + 1)]
    for _ in range(15):
        threads = chance.choice([32, 48, 64, 96, 128, 160, 192, 256, 384, 512, 768])
        registers = chance.choice([24, 40, 56, 72, 80, 96, 104, 128, 160, 168, 200, 224])
        words = chance.choice([0, 0, 1, 7, 17, 33, 41, 65, 129])
        yield threads, registers, 4 * words * threads


def main():
    print("# How many blocks a multiprocessor holds at a time, and what runs out. Made by `table.py`,")
    print("# which places block after block. All rows were also compared with the answers of NVIDIA's")
    print("# own `cuda_occupancy.h` of CUDA 13.5, with no difference.")
    print("capability,threads,registers,shared bytes,blocks,limits")
    chance = random.Random(20)
    for architecture in ARCHITECTURES:
        for block in blocks_of(architecture, chance):
            blocks = count(architecture, block)
            limits = [limit for limit in LIMITS if count(architecture, block, [limit]) == blocks]
            print(architecture, *block, blocks, " and ".join(limits) if blocks else "-", sep=",")


main()
