package indicators

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"regexp/syntax"
	"strconv"
	"strings"
)

const (
	maxFile    = 64 << 20 // bytes of a list
	maxSet     = 1_000_000
	maxRegexps = 20_000
	maxLine    = 1 << 16
	maxNamed   = 5 // lines of one list that are named, besides their number
)

// extensions are those of lists that a directory is searched for.
var extensions = map[string]bool{".txt": true, ".csv": true, ".json": true, ".ioc": true, ".iocs": true, ".lst": true, ".list": true, ".md5": true, ".sha1": true, ".sha256": true}

// Load reads lists: files, or directories of them. A path that cannot be read is an error;
// so is one that gives no indicator at all.
func Load(paths []string) (*Set, error) {
	s := &Set{exact: make(map[Kind]map[string]*Indicator)}
	for _, p := range paths {
		before, said := s.count, len(s.Problems)
		files, err := listFiles(p)
		if err != nil {
			return nil, err
		}
		for _, f := range files {
			b, err := readFile(f)
			if err != nil {
				s.problem(f, 0, err.Error())
				continue
			}
			s.read(f, b)
		}
		if s.count > before {
			continue
		}
		if len(s.Problems) > said {
			x := s.Problems[said]
			return nil, fmt.Errorf("%s: %s", place(x.File, x.Line), x.Why)
		}
		return nil, fmt.Errorf("%s: no list of indicators", p)
	}
	return s, nil
}

func place(file string, line int) string {
	if line == 0 {
		return file
	}
	return fmt.Sprintf("%s:%d", file, line)
}

func listFiles(p string) (out []string, err error) {
	err = filepath.WalkDir(p, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return fmt.Errorf("indicators: %w", err)
		}
		if d.Type().IsRegular() && (name == p || extensions[strings.ToLower(filepath.Ext(name))]) {
			out = append(out, name)
		}
		return nil
	})
	return out, err
}

func readFile(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err == nil && len(b) > maxFile {
		err = fmt.Errorf("larger than %d bytes", maxFile)
	}
	return b, err
}

func (s *Set) problem(file string, line int, why string) {
	s.Problems = append(s.Problems, Problem{File: file, Line: line, Why: why})
}

// read reads one list. Where most of its lines are no indicators, it is none.
func (s *Set) read(file string, b []byte) {
	l := &list{set: s, file: file}
	var err error
	switch b := bytes.TrimPrefix(b, []byte("\xef\xbb\xbf")); {
	case len(bytes.TrimSpace(b)) > 0 && (bytes.TrimSpace(b)[0] == '{' || bytes.TrimSpace(b)[0] == '['):
		err = l.json(b)
	case strings.EqualFold(filepath.Ext(file), ".csv"):
		err = l.csv(b)
	default:
		err = l.lines(b)
	}
	switch {
	case err != nil:
		s.problem(file, 0, err.Error())
		return
	case l.bad > len(l.good):
		s.problem(file, 0, fmt.Sprintf("no list of indicators: %d of %d lines are none", l.bad, l.bad+len(l.good)))
		return
	}
	for i := range l.good {
		if !s.add(&l.good[i]) {
			s.problem(file, l.good[i].Line, fmt.Sprintf("more than %d indicators: the rest is not in force", maxSet))
			break
		}
	}
	s.Problems = append(s.Problems, l.named...)
	if more := l.bad - len(l.named); more > 0 {
		s.problem(file, 0, fmt.Sprintf("%d more lines are no indicators", more))
	}
}

// list is one list while it is read.
type list struct {
	set   *Set
	file  string
	good  []Indicator
	named []Problem
	bad   int
}

func (l *list) refuse(line int, why error) {
	if l.bad++; len(l.named) < maxNamed {
		l.named = append(l.named, Problem{File: l.file, Line: line, Why: why.Error()})
	}
}

func (l *list) keep(i Indicator, err error) {
	if err != nil {
		l.refuse(i.Line, err)
		return
	}
	i.File = l.file
	l.good = append(l.good, i)
}

// lines reads plain lists and those of LOKI, whose comments stand in lines of their own.
func (l *list) lines(b []byte) error {
	in := bufio.NewScanner(bytes.NewReader(b))
	in.Buffer(make([]byte, 0, 4096), maxLine)
	about, n := "", 0
	for in.Scan() {
		n++
		text := strings.TrimSpace(in.Text())
		switch {
		case text == "":
			about = ""
			continue
		case text[0] == '#':
			about = strings.TrimSpace(strings.TrimLeft(text, "# "))
			continue
		}
		i, err := parseLine(text)
		i.Line = n
		if i.Comment == "" {
			i.Comment = about
		}
		l.keep(i, err)
	}
	if err := in.Err(); err != nil {
		return fmt.Errorf("line %d: %w", n+1, err)
	}
	return nil
}

// parseLine reads one line of a list in text.
func parseLine(text string) (Indicator, error) {
	parts := strings.Split(text, ";")
	if len(parts) > 1 {
		if score, err := strconv.Atoi(strings.TrimSpace(parts[1])); err == nil && digestKind(parts[0]) == "" {
			return pathIndicator(parts[0], score, strings.Join(parts[2:], ";"))
		}
	}
	value, comment := parts[0], ""
	score := -1
	if len(parts) > 1 {
		comment = strings.TrimSpace(strings.Join(parts[1:], ";"))
		if n, err := strconv.Atoi(strings.TrimSpace(parts[len(parts)-1])); err == nil && len(parts) > 2 && n >= 0 && n <= 100 {
			score, comment = n, strings.TrimSpace(strings.Join(parts[1:len(parts)-1], ";"))
		}
	} else if first, rest, ok := strings.Cut(value, " "); ok {
		// As sha256sum(1) writes it, or with a remark behind the value.
		value, comment = first, strings.TrimSpace(strings.TrimLeft(rest, " *#"))
	} else if first, rest, ok := strings.Cut(value, "\t"); ok {
		value, comment = first, strings.TrimSpace(rest)
	}
	i, err := classify(strings.TrimSpace(value))
	i.Comment, i.Score = comment, score
	return i, err
}

// pathIndicator makes an indicator of an expression for paths.
func pathIndicator(expression string, score int, except string) (Indicator, error) {
	i := Indicator{Kind: Path, Value: expression, Score: score}
	if score < 0 || score > 100 {
		return i, fmt.Errorf("score %d is not between 0 and 100", score)
	}
	if len(expression) > 1024 || len(except) > 1024 {
		return i, errors.New("an expression of more than 1024 bytes")
	}
	var err error
	if i.match, err = regexp.Compile(expression); err != nil {
		return i, err
	}
	if i.match.MatchString("") {
		return i, errors.New("an expression that matches any path")
	}
	if except = strings.TrimSpace(except); except != "" {
		if i.except, err = regexp.Compile(except); err != nil {
			return i, err
		}
	}
	if tree, err := syntax.Parse(expression, syntax.Perl); err == nil {
		i.literal = required(tree.Simplify())
	}
	return i, nil
}

// required gives the longest text without which an expression cannot match; empty if none
// is known.
func required(t *syntax.Regexp) (longest string) {
	switch t.Op {
	case syntax.OpLiteral:
		if t.Flags&syntax.FoldCase == 0 {
			return string(t.Rune)
		}
	case syntax.OpConcat:
		for _, sub := range t.Sub {
			if s := required(sub); len(s) > len(longest) || strings.Contains(s, `\`) && !strings.Contains(longest, `\`) {
				longest = s // a path of Linux has no backslash, so that such a text rules out most
			}
		}
	case syntax.OpCapture, syntax.OpPlus:
		return required(t.Sub[0])
	}
	return longest
}

// digestKind gives the kind of digest by its length, empty for what is none.
func digestKind(s string) Kind {
	for i := 0; i < len(s); i++ {
		if c := s[i] | 0x20; (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return ""
		}
	}
	switch len(s) {
	case 32:
		return MD5
	case 40:
		return SHA1
	case 64:
		return SHA256
	}
	return ""
}

// ofNothing are digests of an empty file.
var ofNothing = map[string]bool{
	"d41d8cd98f00b204e9800998ecf8427e": true, "da39a3ee5e6b4b0d3255bfef95601890afd80709": true,
	"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855": true,
}

var (
	domainRE = regexp.MustCompile(`^(?:[a-z0-9_](?:[a-z0-9_-]{0,62})\.)+[a-z][a-z0-9-]{1,62}$`)
	walletRE = regexp.MustCompile(`^(?:[48][1-9A-HJ-NP-Za-km-z]{94,105}|bc1[02-9ac-hj-np-z]{11,87}|[13][1-9A-HJ-NP-Za-km-z]{25,34}|0x[0-9a-fA-F]{40})$`)
	undo     = strings.NewReplacer("[.]", ".", "(.)", ".", "[:]", ":", "hxxp", "http", "hXXp", "http", "[dot]", ".")
)

// classify says what a value is.
func classify(value string) (Indicator, error) {
	v := undo.Replace(value)
	i := Indicator{Value: v, Score: -1}
	low := strings.ToLower(v)
	if k := digestKind(v); k != "" {
		i.Kind, i.Value = k, low
		if ofNothing[low] {
			return i, errors.New("the digest of an empty file")
		}
		return i, nil
	}
	if p, err := netip.ParsePrefix(v); err == nil {
		i.Kind = Address
		if p.Bits() < 8 {
			return i, fmt.Errorf("network %s is too wide", p)
		}
		return i, public(p.Addr())
	}
	host := strings.Trim(v, "[]")
	if a, err := netip.ParseAddr(host); err == nil {
		i.Kind, i.Value = Address, a.Unmap().WithZone("").String()
		return i, public(a)
	}
	if a, err := netip.ParseAddrPort(v); err == nil {
		i.Kind, i.Value = Address, a.Addr().Unmap().WithZone("").String()
		return i, public(a.Addr())
	}
	switch name := strings.TrimPrefix(strings.TrimSuffix(low, "."), "*."); {
	case strings.Contains(v, "://"):
		i.Kind, i.Value = URL, plainURL(v)
		if h := i.Value[strings.Index(i.Value, "://")+3:]; h == "" {
			return i, errors.New("a URL without a host")
		}
		return i, nil
	case strings.HasPrefix(v, "/") && len(v) > 2:
		i.Kind = Path
		return i, nil
	case walletRE.MatchString(v):
		i.Kind = Wallet
		return i, nil
	case domainRE.MatchString(name) && len(name) < 254:
		i.Kind, i.Value = Domain, name
		return i, nil
	}
	return i, fmt.Errorf("%.60q is no indicator that is known here", value)
}

// public refuses addresses that many servers have.
func public(a netip.Addr) error {
	if a = a.Unmap(); a.IsPrivate() || a.IsLoopback() || a.IsUnspecified() || a.IsMulticast() || a.IsLinkLocalUnicast() {
		return fmt.Errorf("address %s is of no host in particular", a)
	}
	return nil
}

// add takes an indicator; false where there are too many.
func (s *Set) add(i *Indicator) bool {
	if s.count >= maxSet || i.match != nil && len(s.paths)+len(s.windows) >= maxRegexps {
		return false
	}
	s.count++
	switch {
	case i.match == nil:
	case strings.Contains(i.literal, `\`):
		s.windows = append(s.windows, i)
		return true
	default:
		s.paths = append(s.paths, i)
		return true
	}
	if p, err := netip.ParsePrefix(i.Value); err == nil && i.Kind == Address {
		s.networks = append(s.networks, network{p.Masked(), i})
		return true
	}
	of := s.exact[i.Kind]
	if of == nil {
		of = make(map[string]*Indicator)
		s.exact[i.Kind] = of
	}
	if of[i.Value] == nil {
		of[i.Value] = i
	}
	return true
}

// csv reads a table: the columns type and value, or any whose cells are indicators.
func (l *list) csv(b []byte) error {
	in := csv.NewReader(bytes.NewReader(b))
	in.FieldsPerRecord, in.LazyQuotes, in.ReuseRecord = -1, true, true
	value, comment := -1, -1
	for n := 0; ; n++ {
		row, err := in.Read()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		line, _ := in.FieldPos(0)
		if n == 0 {
			for c, name := range row {
				switch strings.ToLower(strings.TrimSpace(name)) {
				case "value", "indicator", "ioc", "sha256", "sha256_hash", "md5", "sha1":
					if value < 0 {
						value = c
					}
				case "comment", "description", "detail", "title", "tags":
					if comment < 0 {
						comment = c
					}
				}
			}
			if value >= 0 {
				continue
			}
			value = 0
		}
		if value >= len(row) || strings.TrimSpace(row[value]) == "" || strings.HasPrefix(row[0], "#") {
			continue
		}
		i, err := classify(strings.TrimSpace(row[value]))
		if i.Line = line; comment >= 0 && comment < len(row) {
			i.Comment = strings.TrimSpace(row[comment])
		}
		l.keep(i, err)
	}
}

// stixRE is a comparison in a STIX pattern that names one value.
var stixRE = regexp.MustCompile(`(?:file:hashes\.(?:'[^']*'|"[^"]*"|[A-Za-z0-9]+)|(?:ipv4-addr|ipv6-addr|domain-name|url):value|network-traffic:dst_ref\.value)\s*=\s*'((?:[^'\\]|\\.)*)'`)

// json reads STIX bundles and MISP events.
func (l *list) json(b []byte) error {
	type attribute struct {
		Type, Value, Comment string
	}
	type event struct {
		Info      string
		Attribute []attribute
		Object    []struct{ Attribute []attribute }
	}
	var doc struct {
		Type     string
		Objects  []struct{ Type, Pattern, Name string }
		Event    *event
		Response []struct{ Event event }
	}
	if err := json.Unmarshal(b, &doc); err != nil {
		return err
	}
	var events []event
	if doc.Event != nil {
		events = append(events, *doc.Event)
	}
	for _, r := range doc.Response {
		events = append(events, r.Event)
	}
	if doc.Type != "bundle" && len(events) == 0 {
		return errors.New("JSON that is neither a STIX bundle nor a MISP event")
	}
	for _, o := range doc.Objects {
		if o.Type != "indicator" {
			continue
		}
		for _, m := range stixRE.FindAllStringSubmatch(o.Pattern, -1) {
			i, err := classify(strings.NewReplacer(`\\`, `\`, `\'`, `'`).Replace(m[1]))
			i.Comment = o.Name
			l.keep(i, err)
		}
	}
	for _, e := range events {
		all := e.Attribute
		for _, o := range e.Object {
			all = append(all, o.Attribute...)
		}
		for _, a := range all {
			if !mispTypes[a.Type] {
				continue
			}
			value := a.Value
			if _, last, ok := strings.Cut(value, "|"); ok && strings.HasPrefix(a.Type, "filename|") {
				value = last
			} else if first, _, ok := strings.Cut(value, "|"); ok {
				value = first
			}
			i, err := classify(value)
			if i.Comment = a.Comment; i.Comment == "" {
				i.Comment = e.Info
			}
			l.keep(i, err)
		}
	}
	return nil
}

// mispTypes are the types of attributes that are read.
var mispTypes = map[string]bool{
	"md5": true, "sha1": true, "sha256": true, "filename|md5": true, "filename|sha1": true, "filename|sha256": true,
	"ip-src": true, "ip-dst": true, "ip-src|port": true, "ip-dst|port": true, "domain": true, "hostname": true,
	"domain|ip": true, "url": true, "xmr": true, "btc": true, "hostname|port": true,
}
