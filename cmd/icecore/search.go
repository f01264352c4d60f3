package main

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"icecore/forensics"
	"icecore/forensics/report"
)

func (a *app) searchCmd() *cobra.Command {
	var (
		o  forensics.SearchOptions
		po forensics.PatternOptions
		p  *forensics.SearchPattern
		in string
	)
	c := &cobra.Command{
		Use:   "search IMAGE... PATTERN",
		Short: "Find an address, name, hash or text in records, logs and files",
		Long: `Finds a pattern in all that an image holds, deleted files too, and shows each place
with line or byte, and an excerpt.

PATTERN is read as what it looks like:
  an address (IPv4, IPv6) or a network (203.0.113.0/24): addresses in any form
  32, 40 or 64 hex digits: files of that MD5, SHA-1 or SHA-256; and the text itself
  all else: a text. --text takes a pattern as a text whatever it looks like.

--in chooses where, as a list with commas:
  records  the fields of all records (see docs/records.md)
  logs     files below a directory log or logs, packed ones too; entries of the
           systemd journal
  files    the content of all other files, the names of all, and swap space

A file that is packed as one stream (gzip, xz, zstd, bzip2, lz4) is unpacked. Of a
text there is one hit a line, as of grep; of other content one a match, its byte behind
a plus sign. Several images are the disks of one server. IMAGE can be an analysis.json:
then its records alone are searched.`,
		Example: `  icecore search snapshot.raw 203.0.113.77
  icecore search --in logs,files --ignore-case snapshot.raw xmrig
  icecore search --regex --in logs snapshot.raw 'Accepted (password|publickey) for root'
  icecore search --format jsonl snapshot.raw 44d88612fea8a8f36de82e1278abb02f`,
		Args: func(_ *cobra.Command, args []string) (err error) {
			if err := wants(args, maxImages+1, "an image and a pattern"); err != nil {
				return err
			}
			if len(args) < 2 {
				return errors.New("name a pattern: an address, network, hash or text")
			}
			if o.Limit < 0 {
				return errors.New("--limit cannot be negative")
			}
			if o.In, err = places(in); err != nil {
				return err
			}
			p, err = forensics.ParsePattern(args[len(args)-1], po)
			return err
		},
		RunE: func(cmd *cobra.Command, args []string) error { return a.search(cmd, args[:len(args)-1], p, &o) },
	}
	a.imageFlags(c, report.SearchFormats...)
	f := c.Flags()
	f.Lookup("volume").Usage = "only this volume: its id (p1), number, UUID or label (default: all)"
	f.StringVar(&in, "in", "", "where: "+strings.Join(forensics.SearchPlaces(), ", ")+" (default: all)")
	f.IntVar(&o.Limit, "limit", 10_000, "hits at the most; 0: all")
	f.BoolVar(&po.Regex, "regex", false, "PATTERN is a regular expression (RE2), matched within lines")
	f.BoolVar(&po.Text, "text", false, "PATTERN is a text, whatever it looks like")
	f.BoolVarP(&po.IgnoreCase, "ignore-case", "i", false, "a text or expression in any case")
	f.BoolVar(&po.Wide, "wide", false, "a text also as UTF-16LE")
	f.BoolVar(&o.Scan.NoDeleted, "no-deleted", false, "leave deleted files out")
	return c
}

// places reads the list of --in.
func places(s string) ([]string, error) {
	if s == "" {
		return nil, nil
	}
	list := strings.Split(s, ",")
	for _, p := range list {
		if !slices.Contains(forensics.SearchPlaces(), p) {
			return nil, fmt.Errorf("--in %s: there are %s", p, strings.Join(forensics.SearchPlaces(), ", "))
		}
	}
	return list, nil
}

func (a *app) search(cmd *cobra.Command, names []string, p *forensics.SearchPattern, o *forensics.SearchOptions) error {
	bar := a.newProgress()
	defer bar.done()
	w := &errWriter{w: before{a.out, bar.done}}
	hits := report.NewHits(w, a.format, a.columns())
	stats, err := a.searched(cmd, names, p, o, hits, bar)
	bar.done()
	if err != nil {
		return err
	}
	if err := hits.Flush(); err != nil {
		return err
	}
	if stats.Limited {
		a.note("the first %d hits are shown: --limit 0 shows all", stats.Hits)
	}
	return cmp.Or(w.err, a.unread("not searched", stats.Gaps))
}

func (a *app) searched(
	cmd *cobra.Command, names []string, p *forensics.SearchPattern, o *forensics.SearchOptions,
	hits *report.Hits, bar *progress,
) (stats forensics.SearchStats, err error) {
	if name := names[0]; len(names) == 1 && (name == "-" || isAnalysis(name)) {
		if len(o.In) > 0 && !slices.Contains(o.In, forensics.SearchPlaces()[0]) {
			return stats, fmt.Errorf("%s: an analysis holds records alone: name the image", name)
		}
		an, err := readAnalysis(name)
		if err != nil {
			return stats, err
		}
		return an.Search(p, o.Limit, hits.Hit)
	}
	a.complete(&o.Options, bar)
	bar.show(forensics.Progress{Phase: "opening"})
	img, err := forensics.OpenAll(cmd.Context(), names, o.Open)
	if err != nil {
		return stats, err
	}
	defer img.Close()
	return forensics.SearchImage(cmd.Context(), img, p, *o, hits.Hit)
}
