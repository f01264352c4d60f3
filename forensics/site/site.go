// Package site reads what is normal at a site: the addresses of its administrators, their
// keys, the accounts, tools and agents, allowed jobs and components. The form is YAML, and
// site.schema.json describes it.
//
// An entry explains a fact only by what an intruder cannot choose: a digest, the owner of a
// file, a fingerprint, a command together with its user. A tool named by its path alone is
// refused. Every entry keeps its line, so that a report can say what explained a finding.
package site

import (
	_ "embed"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"path"
	"regexp"
	"strings"

	"gopkg.in/yaml.v3"

	"icecore/forensics/model"
)

// Schema is the JSON Schema of a profile.
//
//go:embed site.schema.json
var Schema []byte

// Version is that of the form.
const Version = 1

const (
	maxFile    = 8 << 20
	maxEntries = 100_000
)

// Profile is what is normal at a site. A nil profile says nothing.
type Profile struct {
	Version    int         `yaml:"version"`
	Addresses  []Address   `yaml:"addresses,omitempty"`
	Keys       []Key       `yaml:"keys,omitempty"`
	Accounts   []Account   `yaml:"accounts,omitempty"`
	Tools      []Tool      `yaml:"tools,omitempty"`
	Agents     []Tool      `yaml:"agents,omitempty"`
	Jobs       []Job       `yaml:"jobs,omitempty"`
	Components []Component `yaml:"components,omitempty"`

	file string
}

// Address is one from which administrators log in, or a network.
type Address struct {
	Text   string
	prefix netip.Prefix
	line   int
}

// Key is an SSH key that may let somebody in.
type Key struct {
	Fingerprint string `yaml:"fingerprint"`    // SHA256:..., as ssh-keygen -l prints it
	User        string `yaml:"user,omitempty"` // for that account alone
	Comment     string `yaml:"comment,omitempty"`
	line        int
}

// Account is one that may log in.
type Account struct {
	Name string `yaml:"name"`
	UID  *int64 `yaml:"uid,omitempty"`
	line int
}

// Tool is a file, or all files below a directory (a path that ends in a slash).
type Tool struct {
	Path    string   `yaml:"path"`
	SHA256  []string `yaml:"sha256,omitempty"`
	UID     *int64   `yaml:"uid,omitempty"`     // of the files' owner
	Package string   `yaml:"package,omitempty"` // that owns them
	Comment string   `yaml:"comment,omitempty"`
	line    int
}

// Job is a command that a user may have run at times.
type Job struct {
	Command string `yaml:"command"`
	User    string `yaml:"user"`
	Comment string `yaml:"comment,omitempty"`
	line    int
}

// Component is something that pip, npm or another installer brought.
type Component struct {
	Manager string `yaml:"manager"`
	Name    string `yaml:"name"`
	Version string `yaml:"version,omitempty"` // empty: any
	line    int
}

// Load reads and checks a profile.
func Load(file string) (*Profile, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return Parse(file, b)
}

// Parse reads and checks a profile; file names it in errors, which give the line.
func Parse(file string, b []byte) (p *Profile, err error) {
	if len(b) > maxFile {
		return nil, fmt.Errorf("%s: larger than %d bytes", file, maxFile)
	}
	defer func() {
		if r := recover(); r != nil { // of the YAML package
			p, err = nil, fmt.Errorf("%s: cannot be read: %v", file, r)
		}
	}()
	p = &Profile{file: file}
	d := yaml.NewDecoder(strings.NewReader(string(b)))
	d.KnownFields(true)
	if err := d.Decode(p); err != nil {
		var typed *yaml.TypeError
		if errors.As(err, &typed) {
			err = errors.New(strings.Join(typed.Errors, "; "))
		}
		if errors.Is(err, io.EOF) {
			err = errors.New("empty")
		}
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	if err := p.check(); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return p, nil
}

// UnmarshalYAML implements yaml.Unmarshaler.
func (a *Address) UnmarshalYAML(n *yaml.Node) error {
	a.line = n.Line
	if err := n.Decode(&a.Text); err != nil {
		return err
	}
	if p, err := netip.ParsePrefix(a.Text); err == nil {
		a.prefix = p.Masked()
		return nil
	}
	x, err := netip.ParseAddr(a.Text)
	if err != nil {
		return fmt.Errorf("line %d: %q is neither an address nor a network", n.Line, a.Text)
	}
	a.prefix = netip.PrefixFrom(x.Unmap().WithZone(""), x.Unmap().BitLen())
	return nil
}

// MarshalYAML implements yaml.Marshaler.
func (a Address) MarshalYAML() (any, error) { return a.Text, nil }

// strict decodes a mapping and refuses what it does not know; YAML's own check ends where a
// type reads itself.
func strict(n *yaml.Node, into any, known ...string) error {
	if n.Kind != yaml.MappingNode {
		return fmt.Errorf("line %d: want a mapping with %s", n.Line, strings.Join(known, ", "))
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		ok := false
		for _, k := range known {
			ok = ok || n.Content[i].Value == k
		}
		if !ok {
			return fmt.Errorf("line %d: unknown field %q; there are %s", n.Content[i].Line, n.Content[i].Value, strings.Join(known, ", "))
		}
	}
	return n.Decode(into)
}

// UnmarshalYAML implements yaml.Unmarshaler.
func (k *Key) UnmarshalYAML(n *yaml.Node) error {
	type plain Key
	err := strict(n, (*plain)(k), "fingerprint", "user", "comment")
	k.line = n.Line
	return err
}

// UnmarshalYAML implements yaml.Unmarshaler.
func (a *Account) UnmarshalYAML(n *yaml.Node) error {
	type plain Account
	err := strict(n, (*plain)(a), "name", "uid")
	a.line = n.Line
	return err
}

// UnmarshalYAML implements yaml.Unmarshaler.
func (t *Tool) UnmarshalYAML(n *yaml.Node) error {
	type plain Tool
	err := strict(n, (*plain)(t), "path", "sha256", "uid", "package", "comment")
	t.line = n.Line
	return err
}

// UnmarshalYAML implements yaml.Unmarshaler.
func (j *Job) UnmarshalYAML(n *yaml.Node) error {
	type plain Job
	err := strict(n, (*plain)(j), "command", "user", "comment")
	j.line = n.Line
	return err
}

// UnmarshalYAML implements yaml.Unmarshaler.
func (c *Component) UnmarshalYAML(n *yaml.Node) error {
	type plain Component
	err := strict(n, (*plain)(c), "manager", "name", "version")
	c.line = n.Line
	return err
}

var (
	fingerprintRE = regexp.MustCompile(`^SHA256:[A-Za-z0-9+/]{43}$`)
	sha256RE      = regexp.MustCompile(`^[0-9a-f]{64}$`)
)

func (p *Profile) check() error {
	if p.Version != Version {
		return fmt.Errorf("version %d is not known; want version: %d", p.Version, Version)
	}
	if n := len(p.Addresses) + len(p.Keys) + len(p.Accounts) + len(p.Tools) + len(p.Agents) + len(p.Jobs) + len(p.Components); n > maxEntries {
		return fmt.Errorf("%d entries, the limit is %d", n, maxEntries)
	}
	var errs []error
	bad := func(line int, format string, args ...any) {
		errs = append(errs, fmt.Errorf("line %d: "+format, append([]any{line}, args...)...))
	}
	for _, a := range p.Addresses {
		if a.prefix.Bits() == 0 {
			bad(a.line, "network %s is every address", a.Text)
		}
	}
	for _, k := range p.Keys {
		if !fingerprintRE.MatchString(k.Fingerprint) {
			bad(k.line, "key: want fingerprint: SHA256:..., as ssh-keygen -l prints it")
		}
	}
	for _, a := range p.Accounts {
		if a.Name == "" {
			bad(a.line, "account without a name")
		}
	}
	for _, t := range append(p.Tools[:len(p.Tools):len(p.Tools)], p.Agents...) {
		switch {
		case !strings.HasPrefix(t.Path, "/") || t.Path == "/" || path.Clean(t.Path) != strings.TrimSuffix(t.Path, "/"):
			bad(t.line, "path %q: want one from the root, without . and ..; a directory ends in a slash", t.Path)
		case len(t.SHA256) == 0 && t.UID == nil && t.Package == "":
			bad(t.line, "%s: a path alone explains nothing: give sha256, package or uid", t.Path)
		}
		for _, s := range t.SHA256 {
			if !sha256RE.MatchString(s) {
				bad(t.line, "%s: %q is no SHA-256 in lower case", t.Path, s)
			}
		}
	}
	for _, j := range p.Jobs {
		if j.Command == "" || j.User == "" {
			bad(j.line, "job: want command and user")
		}
	}
	for _, c := range p.Components {
		if c.Manager == "" || c.Name == "" {
			bad(c.line, "component: want manager and name")
		}
	}
	if len(errs) > 10 {
		errs = append(errs[:10], fmt.Errorf("and %d more", len(errs)-10))
	}
	return errors.Join(errs...)
}

// Why names the entry that explains something.
type Why struct {
	File string
	Line int
	// Sure says that it cannot be another's: a digest or a fingerprint, not merely an owner.
	Sure bool
}

// Owner is what is known of the file of a record, besides the record.
type Owner struct {
	UID     int64
	Package string
	Known   bool
}

// Explain says which entry explains a record, nil if none does. owner is asked for the file
// at the record's source; it may be nil.
func (p *Profile) Explain(r *model.Record, owner func() Owner) *Why {
	if p == nil {
		return nil
	}
	why := func(line int, sure bool) *Why { return &Why{p.file, line, sure} }
	switch r.Kind {
	case model.SSHKey:
		if k := p.key(r.Get("fingerprint"), r.Get("user")); k != nil {
			return why(k.line, true)
		}
		return nil
	case model.AccountUser, model.AccountShadow:
		if a := p.account(r); a != nil {
			return why(a.line, false)
		}
		return nil
	case model.CronJob, model.CronRun, model.SystemdExec:
		for i := range p.Jobs {
			if j := &p.Jobs[i]; j.Command == r.Get("command") && (j.User == r.Get("user") || j.User == "root" && !r.Has("user")) {
				return why(j.line, true)
			}
		}
	}
	if r.Kind.IsLog() {
		if a := p.address(r.Get("address")); a != nil {
			return why(a.line, false)
		}
		return nil
	}
	for _, list := range [][]Tool{p.Tools, p.Agents} {
		for i := range list {
			if ok, sure := list[i].fits(r, owner); ok {
				return why(list[i].line, sure)
			}
		}
	}
	if c := p.component(r); c != nil {
		return why(c.line, false)
	}
	return nil
}

func (t *Tool) fits(r *model.Record, owner func() Owner) (ok, sure bool) {
	where := r.Source.InHost()
	if where != t.Path && !(strings.HasSuffix(t.Path, "/") && strings.HasPrefix(where, t.Path)) || r.Source.State != model.Live {
		return false, false
	}
	for _, s := range t.SHA256 {
		if s == r.Source.SHA256 {
			return true, true
		}
	}
	if len(t.SHA256) > 0 || owner == nil {
		return false, false
	}
	o := owner()
	if !o.Known || t.UID != nil && *t.UID != o.UID || t.Package != "" && t.Package != o.Package {
		return false, false
	}
	return true, false
}

// component gives the entry for the installer's component that a file belongs to, as long
// as the file is what the component's manifest states.
func (p *Profile) component(r *model.Record) *Component {
	manager, rest, ok := strings.Cut(r.Get("origin"), ":")
	if state := r.Get("origin_state"); !ok || state != "intact" {
		return nil
	}
	name, version := rest, ""
	if i := strings.LastIndexByte(rest, '@'); i > 0 {
		name, version = rest[:i], rest[i+1:]
	}
	for i := range p.Components {
		if c := &p.Components[i]; c.Manager == manager && c.Name == name && (c.Version == "" || c.Version == version) {
			return c
		}
	}
	return nil
}

func (p *Profile) key(fingerprint, user string) *Key {
	for i := range p.Keys {
		if k := &p.Keys[i]; k.Fingerprint == fingerprint && (k.User == "" || k.User == user) {
			return k
		}
	}
	return nil
}

func (p *Profile) account(r *model.Record) *Account {
	for i := range p.Accounts {
		a := &p.Accounts[i]
		if a.Name == r.Get("name") && (a.UID == nil || !r.Has("uid") || fmt.Sprint(*a.UID) == r.Get("uid")) {
			return a
		}
	}
	return nil
}

func (p *Profile) address(s string) *Address {
	a, err := netip.ParseAddr(s)
	if err != nil {
		return nil
	}
	a = a.Unmap().WithZone("")
	for i := range p.Addresses {
		if p.Addresses[i].prefix.Contains(a) {
			return &p.Addresses[i]
		}
	}
	return nil
}

// The contradictions.
const (
	OtherAddress = "address"
	OtherKey     = "key"
	OtherAccount = "account"
)

// Contradicts says what a record has that a list of the profile does not: OtherAddress,
// OtherKey, OtherAccount, or nothing. A list that is empty is contradicted by nothing. logsIn
// says whether a shell lets somebody in.
func (p *Profile) Contradicts(r *model.Record, logsIn func(shell string) bool) string {
	if p == nil {
		return ""
	}
	switch r.Kind {
	case model.AuthLogin, model.LoginSession:
		if _, err := netip.ParseAddr(r.Get("address")); err == nil && len(p.Addresses) > 0 && p.address(r.Get("address")) == nil {
			return OtherAddress
		}
		if f := r.Get("fingerprint"); f != "" && len(p.Keys) > 0 && p.key(f, r.Get("user")) == nil {
			return OtherKey
		}
	case model.SSHKey:
		if len(p.Keys) > 0 && r.Source.State == model.Live && !r.Has("invalid") && p.key(r.Get("fingerprint"), r.Get("user")) == nil {
			return OtherKey
		}
	case model.AccountUser:
		if len(p.Accounts) > 0 && r.Source.State == model.Live && !r.Has("invalid") && !r.Is("backup") && logsIn(r.Get("shell")) && p.account(r) == nil {
			return OtherAccount
		}
	}
	return ""
}
