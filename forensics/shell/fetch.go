package shell

import (
	"path"
	"strings"
)

// fetch follows a download tool: where does what it fetches go?
func (s *state) fetch(base string, args []word) data {
	base = strings.ToLower(base)
	wget := strings.HasPrefix(base, "wget")
	curl := base == "curl" || base == "curlie"
	takes := "o"
	switch {
	case curl:
		takes = "AbcCdDeEFhHKmoPQrtTuUwxXyYz"
	case wget:
		takes = "aeoOtTwQPUilDAR"
	case base == "tftp": // of busybox: -g -r FILE -l FILE HOST
		takes = "rlb"
	case base == "aria2c":
		takes = "dojsxkiZlUtm"
	case base == "lynx" || base == "w3m":
		takes = ""
	}
	long := curlLong
	if wget {
		long = wgetLong
	}
	out, dir, remote, none := "", "", false, false
	var urls []word
	option := func(name string, v word) {
		switch name {
		case "--output", "--output-document", "-O", "-o", "--out":
			if name == "-o" && wget {
				return // the log
			}
			out = v.text
		case "-P", "--directory-prefix", "--output-dir":
			dir = v.text
		case "-d":
			if base == "aria2c" {
				dir = v.text
			}
		case "--url":
			urls = append(urls, v)
		case "-r", "-l":
			if base == "tftp" && (out == "" || name == "-l") {
				out = v.text
			}
		case "-K", "--config", "-i", "--input-file":
			urls = append(urls, word{data: data{text: substMark}})
		}
	}
	for i := 1; i < len(args); i++ {
		a := args[i].text
		next := func() word {
			if i+1 < len(args) {
				i++
				return args[i]
			}
			return word{}
		}
		switch {
		case a == "-" || !strings.HasPrefix(a, "-"):
			urls = append(urls, args[i])
		case strings.HasPrefix(a, "--"):
			n, v, ok := strings.Cut(a, "=")
			switch {
			case n == "--spider" || n == "--head" || n == "--version" || n == "--help":
				none = true
			case n == "--remote-name" || n == "--remote-name-all":
				remote = true
			case ok:
				option(n, word{data: data{text: v, known: args[i].known}})
			case long[n]:
				option(n, next())
			}
		default:
			for j := 1; j < len(a); j++ {
				c := a[j]
				if curl && (c == 'O' || c == 'J') {
					remote = true
				}
				if curl && c == 'I' || c == 'V' {
					none = true
				}
				if wget && c == 'n' { // -nv, -nc, -nH
					j++
					continue
				}
				if strings.IndexByte(takes, c) >= 0 {
					v := word{data: data{text: a[j+1:], known: args[i].known}}
					if j+1 == len(a) {
						v = next()
					}
					option("-"+string(c), v)
					break
				}
			}
		}
	}
	if len(urls) == 0 || none {
		return data{}
	}
	s.set("fetch")
	for _, u := range urls {
		s.url(u.text)
	}
	switch {
	case out == "-" || out == "/dev/stdout":
		return data{net: true}
	case out == "/dev/null":
		return data{}
	case out != "":
		if dir != "" && !strings.HasPrefix(out, "/") {
			out = path.Join(dir, out)
		}
		s.write(out, data{net: true}, false, false)
		return data{known: true}
	case remote || wget || base == "lwp-download" || base == "axel" || base == "aria2c" || base == "wget2" || base == "snarf":
		for _, u := range urls {
			n := path.Base(strings.SplitN(u.text, "?", 2)[0])
			if dir != "" {
				n = path.Join(dir, n)
			}
			s.write(n, data{net: true}, false, false)
		}
		return data{known: wget || remote}
	case base == "ftpget" || base == "tftp":
		if n := len(urls); n > 1 {
			s.write(urls[1].text, data{net: true}, false, false)
		}
		return data{}
	}
	return data{net: true}
}

var (
	curlLong = set("--output --output-dir --url --max-time --connect-timeout --retry --retry-delay --retry-max-time --header --data --data-raw --data-binary --data-urlencode --user-agent --user --proxy --cacert --capath --cert --key --form --request --write-out --resolve --socks5 --socks5-hostname --socks4 --interface --referer --cookie --cookie-jar --limit-rate --config --upload-file --range --ciphers --unix-socket --max-redirs --connect-to --noproxy")
	wgetLong = set("--output-document --output-file --user-agent --timeout --tries --header --post-data --post-file --directory-prefix --input-file --user --password --wait --limit-rate --level --accept --reject --bind-address --referer --execute")
)

// url notes a URL, or a host that stands where one is expected.
func (s *state) url(u string) {
	u = strings.TrimSpace(u)
	if m := urlRE.FindString(u); m != "" {
		s.urls = appendOnce(s.urls, m)
		return
	}
	if len(u) < maxText && hostRE.MatchString(u) {
		s.urls = appendOnce(s.urls, u)
	}
}
