require "open-uri"
module Good
  def self.get(u) = URI.open(u).read
end
