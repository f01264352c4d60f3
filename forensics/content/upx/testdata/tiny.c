// tiny is a small program without libraries; packed by upx it makes the fixtures
// of this directory:
//
//	gcc -O1 -static -nostdlib -fno-stack-protector -fcf-protection=none -o tiny tiny.c
//	upx --nrv2b -o tiny.nrv2b tiny     (and --nrv2d, --nrv2e, --lzma; upx 4.2.2)
//
// It does nothing. The table only gives upx something to pack; the calls and jumps
// give its filter something to change.

static volatile unsigned sink;
static const char text[] =
    "The quick brown fox jumps over the lazy dog, again and again, until the packer "
    "has enough to work with. https://pool.invalid/ is no pool.\n";
#define ROW(n) n, n * 3, n * 5 + 1, n * 7, n ^ 0x55, n << 2, n * n, ~n
#define ROWS(n) ROW(n), ROW(n + 1), ROW(n + 2), ROW(n + 3), ROW(n + 4), ROW(n + 5), ROW(n + 6), ROW(n + 7)
static const unsigned table[] = {ROWS(1), ROWS(9), ROWS(17), ROWS(25), ROWS(33), ROWS(41), ROWS(49), ROWS(57),
    ROWS(65), ROWS(73), ROWS(81), ROWS(89), ROWS(97), ROWS(105), ROWS(113), ROWS(121)};
static unsigned zeros[2048] = {1};

#define F(n) __attribute__((noinline)) static void f##n(unsigned x) { \
    for (unsigned i = 0; i < x; i++) sink += table[(i * n) % 1024] ^ zeros[i % 2048]; \
    if (x > n * 1000u) sink ^= text[x % sizeof text]; }
F(1) F(2) F(3) F(4) F(5) F(6) F(7) F(8) F(9) F(10) F(11) F(12)

void _start(void) {
    for (unsigned i = 0; i < 3; i++) {
        f1(i); f2(i); f3(i); f4(i); f5(i); f6(i); f7(i); f8(i); f9(i); f10(i); f11(i); f12(i);
        f12(i); f11(i); f10(i); f9(i); f8(i); f7(i); f6(i); f5(i); f4(i); f3(i); f2(i); f1(i);
    }
    __asm__ volatile("mov $60, %eax; xor %edi, %edi; syscall");
}
