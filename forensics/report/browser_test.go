package report

import (
	"bytes"
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// A real browser shows the page: what it makes of it holds the hostile texts as
// texts, no element that came out of them, and asks nobody for anything.
func TestPageInBrowser(t *testing.T) {
	browser := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if p, err := exec.LookPath(name); err == nil {
			browser = p
			break
		}
	}
	if browser == "" {
		t.Skip("needs a browser: chromium")
	}
	// Everything that the browser wants of the network goes to this proxy.
	var asked atomic.Int64
	var wanted atomic.Value
	proxy := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.Host, "invalid") || strings.Contains(r.Host, "203.0.113") {
			asked.Add(1)
			wanted.Store(r.Host)
		}
		w.WriteHeader(http.StatusForbidden)
	}))
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	proxy.Listener = l
	proxy.Start()
	defer proxy.Close()

	var b bytes.Buffer
	a := intrusion()
	a.Findings[1].Excerpt = "/tmp/<img src=http://x.invalid/ onerror=alert(3)>"
	if err := HTML(&b, a, Options{Made: "2026-02-01T00:00:00Z", Command: "icecore analyze -o '<case>' x"}); err != nil {
		t.Fatal(err)
	}
	page := filepath.Join(t.TempDir(), "report.html")
	if err := os.WriteFile(page, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(
		ctx,
		browser,
		"--headless",
		"--no-sandbox",
		"--disable-gpu",
		"--disable-quic",
		"--no-first-run",
		"--disable-background-networking",
		"--disable-component-update",
		"--disable-sync",
		"--proxy-server="+l.Addr().String(),
		"--user-data-dir="+t.TempDir(),
		"--dump-dom",
		"file://"+page,
	)
	dom, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v", browser, err)
	}
	out := string(dom)
	for _, want := range []string{"COMPROMISED", "F-0004", "&lt;script&gt;alert(1)&lt;/script&gt;", "&lt;img src=http://x.invalid/ onerror=alert(3)&gt;"} {
		if !strings.Contains(out, want) {
			t.Errorf("the browser's page does not hold %q", want)
		}
	}
	allowed := regexp.MustCompile(
		`^(html|head|meta|title|style|body|main|header|footer|nav|section|article|details|summary|h[1-6]|p|a|span|div|b|strong|em|small|code|pre|ul|ol|li|dl|dt|dd|table|caption|colgroup|col|thead|tbody|tr|th|td|time|br|hr)$`,
	)
	for _, m := range regexp.MustCompile(`<([a-zA-Z][a-zA-Z0-9]*)`).FindAllStringSubmatch(out, -1) {
		if !allowed.MatchString(strings.ToLower(m[1])) {
			t.Errorf("the browser made an element %q", m[1])
		}
	}
	if n := asked.Load(); n > 0 {
		t.Errorf("the page asked the network %d times, for %v", n, wanted.Load())
	}
}
