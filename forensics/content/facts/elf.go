package facts

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"sort"
	"strings"

	"icecore/forensics/content/engine"
)

const (
	maxHeaders = 4096 // of each table
	maxDynamic = 4096
	maxSymbols = 8192
)

// hidden are the functions that preload libraries stand in for, to hide files,
// processes and connections or to listen to log-ins.
var hidden = map[string]bool{
	"readdir": true, "readdir64": true, "readdir_r": true, "readdir64_r": true, "getdents": true, "getdents64": true,
	"scandir": true, "scandir64": true, "opendir": true, "fdopendir": true,
	"open": true, "open64": true, "openat": true, "openat64": true, "fopen": true, "fopen64": true,
	"stat": true, "stat64": true, "lstat": true, "lstat64": true, "__xstat": true, "__xstat64": true, "__lxstat": true, "__lxstat64": true, "statx": true,
	"access": true, "unlink": true, "unlinkat": true, "rename": true, "kill": true, "execve": true,
	"write": true, "accept": true, "accept4": true, "getpwnam": true,
	"pam_authenticate": true, "pam_acct_mgmt": true, "pam_sm_authenticate": true, "pam_get_password": true,
	"pcap_loop": true, "pcap_next": true, "SSL_write": true, "SSL_read": true,
}

type segment struct {
	kind, flags               uint32
	off, vaddr, filesz, memsz uint64
}

// file is what of an ELF file is read; every number in it is the file's claim.
type file struct {
	b      []byte
	order  binary.ByteOrder
	is64   bool
	segs   []segment
	interp bool
}

func (f *file) u16(off uint64) uint64 {
	if off+2 < off || off+2 > uint64(len(f.b)) {
		return 0
	}
	return uint64(f.order.Uint16(f.b[off:]))
}

func (f *file) u32(off uint64) uint64 {
	if off+4 < off || off+4 > uint64(len(f.b)) {
		return 0
	}
	return uint64(f.order.Uint32(f.b[off:]))
}

func (f *file) u64(off uint64) uint64 {
	if off+8 < off || off+8 > uint64(len(f.b)) {
		return 0
	}
	return f.order.Uint64(f.b[off:])
}

// word reads an address or size: 8 bytes, or 4.
func (f *file) word(off uint64) uint64 {
	if f.is64 {
		return f.u64(off)
	}
	return f.u32(off)
}

// pick gives the offset in the layout of 64 or of 32 bits.
func (f *file) pick(w64, w32 uint64) uint64 {
	if f.is64 {
		return w64
	}
	return w32
}

// readELF reads what the headers say. The layout is that of the System V ABI, part
// "Object Files". Nothing is believed further than the bytes at hand go.
func readELF(b []byte, size int64, e *engine.Externals) {
	if len(b) < 52 || !bytes.HasPrefix(b, []byte(elf.ELFMAG)) {
		return
	}
	f := &file{b: b, order: binary.LittleEndian, is64: b[elf.EI_CLASS] == byte(elf.ELFCLASS64)}
	if b[elf.EI_DATA] == byte(elf.ELFDATA2MSB) {
		f.order = binary.BigEndian
	}
	e.ELFMachine = machine(elf.Machine(f.u16(18)))
	phoff, shoff := f.word(f.pick(32, 28)), f.word(f.pick(40, 32))
	phsize, phnum := f.u16(f.pick(54, 42)), f.u16(f.pick(56, 44))
	shsize, shnum := f.u16(f.pick(58, 46)), f.u16(f.pick(60, 48))
	e.ELFSegments, e.ELFSections = int(phnum), int(shnum)

	end := max(f.pick(64, 52), phoff+phsize*phnum)
	end = max(end, shoff+shsize*shnum)
	var dyn segment
	if phsize >= f.pick(56, 32) {
		for i := uint64(0); i < min(phnum, maxHeaders); i++ {
			s := f.segment(phoff + i*phsize)
			switch elf.ProgType(s.kind) {
			case elf.PT_INTERP:
				f.interp = true
			case elf.PT_DYNAMIC:
				dyn = s
			case elf.PT_LOAD:
				if s.flags&uint32(elf.PF_W) != 0 && s.flags&uint32(elf.PF_X) != 0 {
					e.ELFRWX = true
				}
			}
			if s.off+s.filesz >= s.off {
				end = max(end, s.off+s.filesz)
			}
			f.segs = append(f.segs, s)
		}
	}
	symtab := false
	if shsize >= f.pick(64, 40) && shoff > 0 {
		for i := uint64(0); i < min(shnum, maxHeaders); i++ {
			at := shoff + i*shsize
			kind := elf.SectionType(f.u32(at + 4))
			off, length := f.word(at+f.pick(24, 16)), f.word(at+f.pick(32, 20))
			symtab = symtab || kind == elf.SHT_SYMTAB
			if kind != elf.SHT_NOBITS && off+length >= off {
				end = max(end, off+length)
			}
		}
		if shoff >= uint64(len(b)) && uint64(size) > uint64(len(b)) {
			symtab = true // the table is out of sight
		}
	}
	e.ELFStripped = !symtab
	if end < uint64(size) {
		e.ELFOverlay = size - int64(end)
	}
	d := f.dynamic(dyn, size)
	switch elf.Type(f.u16(16)) {
	case elf.ET_REL:
		e.ELFType, e.ELFStripped = "object", !symtab
	case elf.ET_EXEC:
		e.ELFType = "exec"
		e.ELFStatic = !f.interp && d.needed == 0
	case elf.ET_CORE:
		e.ELFType = "core"
	case elf.ET_DYN:
		// A program that can be loaded anywhere is of the type of libraries.
		// Libraries have a name, and only a few (libc's) an interpreter.
		e.ELFType = "library"
		if d.pie || f.interp && !d.soname || dyn.kind == 0 {
			e.ELFType = "pie"
			e.ELFStatic = !f.interp && d.needed == 0
		}
		e.ELFExports = d.exports
	default:
		e.ELFType = "other"
	}
}

func (f *file) segment(at uint64) segment {
	if f.is64 {
		return segment{kind: uint32(f.u32(at)), flags: uint32(f.u32(at + 4)), off: f.u64(at + 8), vaddr: f.u64(at + 16), filesz: f.u64(at + 32), memsz: f.u64(at + 40)}
	}
	return segment{kind: uint32(f.u32(at)), off: f.u32(at + 4), vaddr: f.u32(at + 8), filesz: f.u32(at + 16), memsz: f.u32(at + 20), flags: uint32(f.u32(at + 24))}
}

// at gives where in the file an address is stored.
func (f *file) at(vaddr uint64) (uint64, bool) {
	for _, s := range f.segs {
		if elf.ProgType(s.kind) == elf.PT_LOAD && vaddr >= s.vaddr && vaddr-s.vaddr < s.filesz {
			off := s.off + (vaddr - s.vaddr)
			return off, off >= s.off && off < uint64(len(f.b))
		}
	}
	return 0, false
}

// exportsOf is the size above which a library's functions are not looked at:
// hiders are small.
const exportsOf = 4 << 20

// dynamic is what the dynamic section says.
type dynamic struct {
	needed  int    // libraries
	soname  bool   // it is a library with a name
	pie     bool   // it says that it is a program
	exports string // those of the hidden functions that it defines
}

func (f *file) dynamic(s segment, size int64) dynamic {
	var d dynamic
	if s.kind == 0 {
		return d
	}
	entry := f.pick(16, 8)
	var symtab, strtab, strsz, hash uint64
	for i := uint64(0); i < min(s.filesz/entry, maxDynamic); i++ {
		at := s.off + i*entry
		tag, v := elf.DynTag(f.word(at)), f.word(at+entry/2)
		if tag == elf.DT_NULL {
			break
		}
		switch tag {
		case elf.DT_NEEDED:
			d.needed++
		case elf.DT_SONAME:
			d.soname = true
		case elf.DT_FLAGS_1:
			d.pie = d.pie || v&uint64(elf.DF_1_PIE) != 0
		case elf.DT_SYMTAB:
			symtab = v
		case elf.DT_STRTAB:
			strtab = v
		case elf.DT_STRSZ:
			strsz = v
		case elf.DT_HASH:
			hash = v
		}
	}
	if size <= exportsOf {
		d.exports = f.exports(symtab, strtab, strsz, hash)
	}
	return d
}

func (f *file) exports(symtab, strtab, strsz, hash uint64) string {
	symAt, ok1 := f.at(symtab)
	strAt, ok2 := f.at(strtab)
	if !ok1 || !ok2 {
		return ""
	}
	entry := f.pick(24, 16)
	// The table does not say how long it is: DT_HASH does, and where there is
	// none, the linkers put the names behind the symbols.
	count := uint64(maxSymbols)
	if at, ok := f.at(hash); ok && hash != 0 {
		count = min(count, f.u32(at+4))
	} else if strAt > symAt {
		count = min(count, (strAt-symAt)/entry)
	}
	names := f.b[strAt:min(uint64(len(f.b)), strAt+min(strsz, 1<<20))]
	found := make(map[string]bool)
	for i := uint64(1); i < count; i++ {
		at := symAt + i*entry
		if at+entry > uint64(len(f.b)) {
			break
		}
		name, info, shndx := f.u32(at), f.b[at+f.pick(4, 12)], f.u16(at+f.pick(6, 14))
		if elf.SectionIndex(shndx) == elf.SHN_UNDEF || elf.ST_TYPE(info) != elf.STT_FUNC && elf.ST_TYPE(info) != elf.STT_GNU_IFUNC || elf.ST_BIND(info) == elf.STB_LOCAL {
			continue
		}
		if name >= uint64(len(names)) {
			continue
		}
		s := names[name:]
		if n := bytes.IndexByte(s, 0); n >= 0 && n < 24 && hidden[string(s[:n])] {
			found[string(s[:n])] = true
		}
	}
	var list []string
	for n := range found {
		list = append(list, n)
	}
	sort.Strings(list)
	return strings.Join(list, " ")
}

func machine(m elf.Machine) string {
	switch m {
	case elf.EM_X86_64:
		return "x86_64"
	case elf.EM_386:
		return "i386"
	case elf.EM_AARCH64:
		return "aarch64"
	case elf.EM_ARM:
		return "arm"
	case elf.EM_MIPS:
		return "mips"
	case elf.EM_PPC64:
		return "ppc64"
	case elf.EM_RISCV:
		return "riscv"
	case elf.EM_S390:
		return "s390x"
	}
	return "other"
}
