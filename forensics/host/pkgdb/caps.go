package pkgdb

import (
	"encoding/binary"
	"strings"

	"icecore/forensics/filesystem"
)

// capNames are the capabilities of Linux by number (capabilities(7)).
var capNames = strings.Fields(`cap_chown cap_dac_override cap_dac_read_search cap_fowner cap_fsetid cap_kill cap_setgid
	cap_setuid cap_setpcap cap_linux_immutable cap_net_bind_service cap_net_broadcast cap_net_admin cap_net_raw
	cap_ipc_lock cap_ipc_owner cap_sys_module cap_sys_rawio cap_sys_chroot cap_sys_ptrace cap_sys_pacct cap_sys_admin
	cap_sys_boot cap_sys_nice cap_sys_resource cap_sys_time cap_sys_tty_config cap_mknod cap_lease cap_audit_write
	cap_audit_control cap_setfcap cap_mac_override cap_mac_admin cap_syslog cap_wake_alarm cap_block_suspend
	cap_audit_read cap_perfmon cap_bpf cap_checkpoint_restore`)

// caps are the capabilities of a file: sets by number.
type caps struct{ permitted, inheritable, effective uint64 }

// parseCaps reads the text form of capabilities (cap_from_text(3)):
// "cap_net_raw,cap_net_admin=ep". It is false for what is no such text.
func parseCaps(s string) (caps, bool) {
	var c caps
	for _, clause := range strings.Fields(s) {
		at := strings.IndexAny(clause, "=+-")
		if at < 0 {
			return caps{}, false
		}
		set := uint64(0)
		if names := clause[:at]; names == "" || names == "all" {
			set = 1<<len(capNames) - 1
		} else {
			for _, name := range strings.Split(names, ",") {
				n := -1
				for i, known := range capNames {
					if strings.EqualFold(name, known) {
						n = i
					}
				}
				if n < 0 {
					return caps{}, false
				}
				set |= 1 << n
			}
		}
		for rest := clause[at:]; rest != ""; {
			op := rest[0]
			end := strings.IndexAny(rest[1:], "=+-") + 1
			if end == 0 {
				end = len(rest)
			}
			if op == '=' {
				c.permitted, c.inheritable, c.effective = c.permitted&^set, c.inheritable&^set, c.effective&^set
			}
			for _, flag := range rest[1:end] {
				field := map[rune]*uint64{'e': &c.effective, 'i': &c.inheritable, 'p': &c.permitted}[flag]
				switch {
				case field == nil:
					return caps{}, false
				case op == '-':
					*field &^= set
				default:
					*field |= set
				}
			}
			rest = rest[end:]
		}
	}
	return c, true
}

// fileCaps reads the capabilities of a file from its attribute security.capability
// (include/uapi/linux/capability.h).
func fileCaps(found filesystem.Found) caps {
	list, err := found.FS.Xattrs(found.Ref)
	if err != nil {
		return caps{}
	}
	for _, x := range list {
		if x.Name == "security.capability" {
			return decodeCaps(x.Value)
		}
	}
	return caps{}
}

func decodeCaps(b []byte) caps {
	le := binary.LittleEndian
	if len(b) < 12 {
		return caps{}
	}
	magic := le.Uint32(b)
	c := caps{permitted: uint64(le.Uint32(b[4:])), inheritable: uint64(le.Uint32(b[8:]))}
	if len(b) >= 20 && magic>>24 >= 2 {
		c.permitted |= uint64(le.Uint32(b[12:])) << 32
		c.inheritable |= uint64(le.Uint32(b[16:])) << 32
	}
	if magic&1 != 0 { // one flag for all
		c.effective = c.permitted | c.inheritable
	}
	return c
}

// sameCaps compares capabilities with a text. A text that is none stands for no
// capabilities, as in rpm.
func sameCaps(stated string, has caps) bool {
	c, ok := parseCaps(stated)
	if !ok {
		c = caps{}
	}
	return c == has
}
