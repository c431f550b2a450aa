"""Cycles of instructions on a Cortex-M4: the tables of Arm's manual (DDI 0439, 3-1 and 7-1)."""

import pytest

from ppgkd.emulation.cycles import cycles

LOAD = "0x0000050a:  6813       ldr      r3, [r2]"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("0x00000500:  f04f 22e0  mov.w    r2, #-0x1fff2000", 1),
        ("0x00000504:  4413       add      r3, r2", 1),
        ("0x00000504:  fb02 3301  mla      r3, r2, r1, r3", 1),
        ("0x00000504:  fbb2 f3f1  udiv     r3, r2, r1", 7),
        ("0x00000504:  d1fc       bne      #0x500", 3),
        ("0x00000504:  f7ff fffe  bl       #0x500", 3),
        ("0x00000504:  4770       bx       lr", 3),
        ("0x00000504:  b10b       cbz      r3, #0x50a", 3),
        ("0x00000504:  b570       push     {r4, r5, r6, lr}", 5),
        ("0x00000504:  bd10       pop      {r4, pc}", 5),
        ("0x00000504:  bd10       ldm      r2!, {r4-r7}", 5),
        (LOAD, 2),
        ("0x00000504:  e9d2 3400  ldrd     r3, r4, [r2]", 3),
        ("0x00000504:  edd2 7a00  vldr     s15, [r2]", 2),
        ("0x00000504:  ed92 7b00  vldr     d7, [r2]", 3),
        ("0x00000504:  ecf2 7a01  vldmia   r2!, {s15}", 2),
        ("0x00000504:  ed2d 8b04  vpush    {d8, d9}", 5),
        ("0x00000504:  eee7 7a27  vfma.f32 s15, s14, s15", 3),
        ("0x00000504:  ee77 7a27  vadd.f32 s15, s14, s15", 1),
        ("0x00000504:  ee87 7a27  vdiv.f32 s14, s14, s15", 14),
        ("0x00000504:  eeb1 7ae7  vsqrt.f32 s14, s15", 14),
        ("0x00000504:  bf08       it       eq", 1),
    ],
)
def test_an_instruction_has_the_cycles_of_the_manual(line: str, expected: int) -> None:
    assert cycles(line) == expected


def test_a_load_after_another_is_pipelined() -> None:
    assert cycles(LOAD, before=LOAD) == 1
