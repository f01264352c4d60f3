package filesystem

import (
	"encoding/binary"
	"fmt"
	"strings"
)

// Capabilities are those that a program has from its file: capabilities(7), the value of
// the attribute security.capability (struct vfs_ns_cap_data of
// include/uapi/linux/capability.h). A set has bit n for capability n.
type Capabilities struct {
	Permitted, Inheritable uint64
	Effective              bool   // the program has them from its start
	RootID                 uint32 // of version 3: the user who is root of the namespace that they count in
}

// capabilityNames are the names by number.
var capabilityNames = strings.Fields("cap_chown cap_dac_override cap_dac_read_search cap_fowner cap_fsetid cap_kill cap_setgid cap_setuid " +
	"cap_setpcap cap_linux_immutable cap_net_bind_service cap_net_broadcast cap_net_admin cap_net_raw cap_ipc_lock cap_ipc_owner " +
	"cap_sys_module cap_sys_rawio cap_sys_chroot cap_sys_ptrace cap_sys_pacct cap_sys_admin cap_sys_boot cap_sys_nice " +
	"cap_sys_resource cap_sys_time cap_sys_tty_config cap_mknod cap_lease cap_audit_write cap_audit_control cap_setfcap " +
	"cap_mac_override cap_mac_admin cap_syslog cap_wake_alarm cap_block_suspend cap_audit_read cap_perfmon cap_bpf cap_checkpoint_restore")

// ParseCapabilities reads the value of security.capability, of the versions 1 to 3.
func ParseCapabilities(value []byte) (Capabilities, error) {
	const (
		effective = 1
		versions  = 0xff000000
	)
	le := binary.LittleEndian
	var c Capabilities
	if len(value) < 4 {
		return c, fmt.Errorf("file capabilities of %d bytes", len(value))
	}
	magic := le.Uint32(value)
	sizes := map[uint32]int{0x01000000: 12, 0x02000000: 20, 0x03000000: 24}
	if size := sizes[magic&versions]; size == 0 || len(value) != size {
		return c, fmt.Errorf("file capabilities of %d bytes of the version %#x", len(value), magic&versions)
	}
	c.Effective = magic&effective != 0
	c.Permitted, c.Inheritable = uint64(le.Uint32(value[4:])), uint64(le.Uint32(value[8:]))
	if len(value) >= 20 {
		c.Permitted |= uint64(le.Uint32(value[12:])) << 32
		c.Inheritable |= uint64(le.Uint32(value[16:])) << 32
	}
	if len(value) >= 24 {
		c.RootID = le.Uint32(value[20:])
	}
	return c, nil
}

// CapabilityNames names the capabilities of a set, lowest first; those that have no name
// yet by their number.
func CapabilityNames(set uint64) []string {
	var out []string
	for i := range 64 {
		switch {
		case set&(1<<i) == 0:
		case i < len(capabilityNames):
			out = append(out, capabilityNames[i])
		default:
			out = append(out, fmt.Sprintf("cap_%d", i))
		}
	}
	return out
}

// String writes them as getcap(8) does: "cap_net_admin,cap_net_raw=ep".
func (c Capabilities) String() string {
	var out []string
	for _, g := range []struct {
		set   uint64
		flags string
	}{{c.Permitted & c.Inheritable, "ip"}, {c.Permitted &^ c.Inheritable, "p"}, {c.Inheritable &^ c.Permitted, "i"}} {
		if g.set == 0 {
			continue
		}
		flags := g.flags
		if c.Effective {
			flags = "e" + flags
		}
		out = append(out, strings.Join(CapabilityNames(g.set), ",")+"="+flags)
	}
	if c.RootID != 0 {
		out = append(out, fmt.Sprintf("[rootid=%d]", c.RootID))
	}
	return strings.Join(out, " ")
}

// XattrFile is a file that knows its extended attributes. Those of a guarded filesystem
// are.
type XattrFile interface {
	File
	Xattrs() ([]Xattr, error)
}
