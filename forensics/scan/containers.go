package scan

// containers keeps what the container engines say.
func (s *Scan) containers() {
	if s.opts.YARAOnly {
		return
	}
	server := s.hosts.List[0]
	for n := range s.hosts.Engines.Containers {
		c := &s.hosts.Engines.Containers[n]
		number := len(s.img.Volumes)
		for i, v := range s.img.Volumes {
			if v == c.Volume {
				number = i
			}
		}
		s.keep(number, n, c.Record(server))
	}
}
