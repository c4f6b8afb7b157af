package api

import "strings"

// pullPolicyFor: the tag "latest" means another image tomorrow, so it is pulled each time; no tag and no digest means
// "latest". A reference that cannot be read has no tag: the kubelet will tell what is wrong with it.
func pullPolicyFor(image string) PullPolicy {
	if tag, digest, ok := splitImageReference(image); ok && (tag == "latest" || tag == "" && digest == "") {
		return PullAlways
	}
	return PullIfNotPresent
}

// splitImageReference takes tag and digest from [host[:port]/]path[:tag][@digest], or tells that it is none.
func splitImageReference(image string) (tag, digest string, ok bool) {
	name, digest, hasDigest := strings.Cut(image, "@")
	host, path, hasHost := strings.Cut(name, "/")
	// "a/b" is a path; the host in front shows itself by a dot, a port or a capital.
	if !hasHost || !strings.ContainsAny(host, ".:") && host != "localhost" && strings.ToLower(host) == host {
		host, path = "", name
	}
	path, tag, hasTag := strings.Cut(path, ":")
	tagChar := func(c byte) bool { return alphanumeric(c) || c == '_' || c == '.' || c == '-' }
	switch {
	case hasDigest && !isDigest(digest),
		hasTag && (len(tag) > 128 || tag == "" || tag[0] == '.' || tag[0] == '-' || !every(tag, tagChar)),
		host != "" && !isRegistryHost(host),
		!everyPart(path, "/", isImagePathPart):
		return "", "", false
	}
	return tag, digest, true
}

// isImagePathPart: lower case words joined by one dot, one or two underscores, or any number of dashes.
func isImagePathPart(part string) bool {
	if part == "" || !lowerAlphanumeric(part[0]) || !lowerAlphanumeric(part[len(part)-1]) {
		return false
	}
	for i := 0; i < len(part); i++ { // each round takes a joint, empty inside a word, and the character after it
		start := i
		for !lowerAlphanumeric(part[i]) {
			i++
		}
		if joint := part[start:i]; joint != "" && joint != "." && joint != "_" && joint != "__" && strings.Trim(joint, "-") != "" {
			return false
		}
	}
	return true
}

func isRegistryHost(host string) bool {
	if i := strings.LastIndexByte(host, ':'); i >= 0 && !strings.HasSuffix(host, "]") {
		if port := host[i+1:]; port == "" || !every(port, digit) {
			return false
		}
		host = host[:i]
	}
	if address, ok := strings.CutPrefix(host, "["); ok {
		return strings.HasSuffix(address, "]")
	}
	return everyPart(strings.ToLower(host), ".", isLabel)
}

// isDigest: "sha256:" and at least 32 hexadecimal digits.
func isDigest(digest string) bool {
	algorithm, hash, ok := strings.Cut(digest, ":")
	return ok && isQualifiedPart(algorithm) && len(hash) >= 32 &&
		every(hash, func(c byte) bool { return digit(c) || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F' })
}
