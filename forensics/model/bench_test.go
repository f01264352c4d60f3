package model

import (
	"bytes"
	"fmt"
	"io"
	"runtime"
	"testing"
	"time"
)

// large makes an analysis of n records.
func large(n int) *Analysis {
	a := &Analysis{Schema: SchemaName, Image: Image{ID: "i1"}, Verdict: Verdict{State: NoIndicators}, Records: make([]Record, n)}
	for i := range a.Records {
		r := &a.Records[i]
		r.Kind = AuthSudo
		r.Source = Source{Image: "i1", Host: "h1", Volume: "p1", Path: "/var/log/auth.log", Inode: 425, Line: i + 1, Offset: int64(i) * 90, Length: 90, DiskOffset: int64(i) * 90}
		r.Times = []Stamp{{What: "logged", Time: time.Unix(int64(i), 0).UTC()}}
		r.Add("user", "deploy")
		r.Add("command", fmt.Sprintf("/usr/bin/systemctl restart shop-%d", i))
		r.AddList("programs", []string{"/usr/bin/systemctl"})
	}
	NumberRecords(a.Records, nil)
	return a
}

// TestStreams: the text of an analysis is never whole in memory while it is written.
func TestStreams(t *testing.T) {
	a := large(20_000)
	w := &watcher{}
	if err := a.Write(w); err != nil {
		t.Fatal(err)
	}
	if w.n < 8<<20 {
		t.Fatalf("only %d bytes", w.n)
	}
	if w.longest > 64<<10 {
		t.Errorf("%d bytes of %d are written at once", w.longest, w.n)
	}
	if w.calls < 40 || w.calls > w.n/(32<<10) {
		t.Errorf("%d bytes are written in %d pieces", w.n, w.calls)
	}
	if w.held > 4<<20 {
		t.Errorf("%d bytes are held at a time while %d are written", w.held, w.n)
	}
}

// watcher sees how much is written at once, and how much memory is held by then.
type watcher struct {
	n, longest, calls int
	base, held        int64
}

func (w *watcher) Write(b []byte) (int, error) {
	w.n += len(b)
	w.longest = max(w.longest, len(b))
	if w.calls++; w.calls == 1 || w.calls%20 == 0 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		if w.calls == 1 {
			w.base = int64(m.HeapAlloc)
		}
		w.held = max(w.held, int64(m.HeapAlloc)-w.base)
	}
	return len(b), nil
}

func BenchmarkWrite(b *testing.B) {
	a := large(200_000)
	b.ReportAllocs()
	for b.Loop() {
		n := &watcher{calls: 1} // without measuring
		if err := a.Write(onlyWriter{n}); err != nil {
			b.Fatal(err)
		}
		b.SetBytes(int64(n.n))
	}
}

type onlyWriter struct{ w *watcher }

func (o onlyWriter) Write(b []byte) (int, error) { o.w.n += len(b); return len(b), nil }

func BenchmarkRead(b *testing.B) {
	var text bytes.Buffer
	if err := large(200_000).Write(&text); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	b.SetBytes(int64(text.Len()))
	for b.Loop() {
		if _, err := Read(io.NopCloser(bytes.NewReader(text.Bytes()))); err != nil {
			b.Fatal(err)
		}
	}
}
