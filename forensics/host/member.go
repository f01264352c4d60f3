package host

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"

	"icecore/forensics/content/carried"
	"icecore/forensics/content/filetype"
	"icecore/forensics/content/member"
	"icecore/forensics/content/upx"
	"icecore/forensics/filesystem"
	"icecore/forensics/host/pkgdb"
	"icecore/forensics/host/pkgdb/rpmdb"
	"icecore/forensics/text"
)

// maxMember bounds the member that Member holds in memory.
const maxMember = 256 << 20

// Member gives the content of a member of a file, by the name that a record's
// source has for it: that of an archive's member, gzip, xz, ... for a compressed
// file, "base64 at N" and the like for what a file carries inside itself, behind the
// name of a member and "!" for what that does, and upx, alone or behind such a name
// and "!", for what UPX packed; "rpm NAME-VERSION.ARCH SCRIPT" in a database of rpm.
func Member(ctx context.Context, f filesystem.File, name string) (*bytes.Reader, error) {
	if strings.HasPrefix(name, pkgdb.MemberPrefix) {
		b, err := pkgdb.Scriptlet(ctx, f, name)
		if err == nil || !errors.Is(err, rpmdb.ErrFormat) {
			return bytes.NewReader(b), err
		} // a member of an archive may have any name
	}
	outer, packed := name, false
	switch {
	case name == "upx":
		outer, packed = "", true
	case strings.HasSuffix(name, "!upx"):
		outer, packed = strings.TrimSuffix(name, "!upx"), true
	}
	b, err := unpacked(ctx, f, outer)
	if err != nil {
		return nil, err
	}
	if packed {
		p, err := upx.Unpack(b, upx.DefaultLimit)
		if err != nil {
			return nil, err
		}
		b = p.Data
	}
	return bytes.NewReader(b), nil
}

// unpacked gives what Member does, but for what UPX packed.
func unpacked(ctx context.Context, f filesystem.File, name string) ([]byte, error) {
	encoded := carriedRE.MatchString(name)
	if name == "" || encoded {
		if f.Size() > maxMember {
			return nil, fmt.Errorf("more than %d bytes", maxMember)
		}
		b, err := io.ReadAll(Content(f))
		if err != nil || !encoded {
			return b, err
		}
		return readCarried(b, name)
	}
	// A member may have any name, also one that looks like what another carries.
	b, err := readMember(ctx, f, name)
	if at := carriedInRE.FindStringIndex(name); err != nil && at != nil {
		m, err := readMember(ctx, f, name[:at[0]])
		if err != nil {
			return nil, err
		}
		return readCarried(m, name[at[0]+1:])
	}
	return b, err
}

// carriedRE matches the names of what package carried finds, carriedInRE where they
// begin behind the name of a member.
var (
	carriedRE   = regexp.MustCompile(`^[a-z]+[a-z0-9 ]* at [0-9]+(?:!|$)`)
	carriedInRE = regexp.MustCompile(`!(?:base64|hex|gzip|xor 0x[0-9a-f]{2}) at [0-9]+(?:!|$)`)
)

// readCarried gives what a file carries, by the name it was found under.
func readCarried(b []byte, name string) ([]byte, error) {
	var out []byte
	kind := filetype.Of(b)
	err := carried.Walk(b, kind == filetype.Text || kind == filetype.Script, carried.FileBudget(), func(p carried.Piece) {
		if p.Name == name && out == nil {
			out = bytes.Clone(p.Data)
		}
	})
	if out == nil {
		return nil, errors.Join(fmt.Errorf("no member %s", text.Quote(name)), err)
	}
	return out, nil
}

var errFound = errors.New("found")

func readMember(ctx context.Context, f filesystem.File, name string) ([]byte, error) {
	var out []byte
	seen := false
	_, problem, err := member.Walk(ctx, Content(f), member.Default, nil, func(p member.Piece) error {
		if p.Name != name {
			return nil
		}
		seen = true
		if p.Off+int64(len(p.Data)) > maxMember {
			return fmt.Errorf("more than %d bytes", maxMember)
		}
		out = append(out[:p.Off], p.Data...)
		if p.Last {
			return errFound
		}
		return nil
	})
	switch {
	case errors.Is(err, errFound), err == nil && seen:
		return out, nil
	case err != nil:
		return nil, err
	case problem != nil:
		return nil, fmt.Errorf("no member %s; %w", text.Quote(name), problem)
	}
	return nil, fmt.Errorf("no member %s", text.Quote(name))
}
