package interpreters

import (
	"testing"

	"icecore/forensics/artifact/artifacttest"
)

func TestGolden(t *testing.T) { artifacttest.Golden(t, Extractor{}, "debian") }

func FuzzExtract(f *testing.F) {
	artifacttest.Fuzz(f, Extractor{}, "/etc/php/8.2/fpm/php.ini", "/var/www/html/.htaccess", "/home/ana/.npmrc", "/home/ana/.irbrc", "/etc/perl/sitecustomize.pl")
}
