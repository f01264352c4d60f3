// The library of TestUnpackLibrary, as it is in "library":
//
//	gcc -shared -fPIC -Os -s -nostdlib -Wl,-init,begin -o library library.c
//
// and with its code in the first segment, as linkers made libraries before 2018, in
// "library.old":
//
//	gcc -shared -fPIC -Os -s -nostdlib -Wl,-init,begin -Wl,-z,noseparate-code -o library.old library.c
//
// The packed forms were made by the real upx 4.2.2, with --nrv2b, --nrv2e, --lzma.
static const char text[] = "The quick brown fox jumps over the lazy dog, again and again, "
	"until the dog, which was not that lazy after all, got up and left for a quieter place.";
char changed[] = "data that can be written";
char buffer[64];

#define HASH(n) \
	unsigned hash##n(const char *a) { \
		unsigned h = n; \
		for (; *a; a++) h = (h << 5 ^ h >> n % 7) + *a + changed[n % 24] + buffer[h % 64]; \
		return h + text[h % sizeof text]; \
	}
#define EIGHT(n) HASH(n##0) HASH(n##1) HASH(n##2) HASH(n##3) HASH(n##4) HASH(n##5) HASH(n##6) HASH(n##7)
EIGHT(1) EIGHT(2) EIGHT(3) EIGHT(4) EIGHT(5) EIGHT(6) EIGHT(7)
void begin(void) { buffer[0] = 1; }
