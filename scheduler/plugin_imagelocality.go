package scheduler

import (
	"strings"

	"kubelite/api"
)

// imageLocality prefers nodes that have the pod's images already. An image counts by its size, and less where few nodes have
// it: else all pods of a new image would go to the first node that pulled it.
type imageLocality struct{}

func (*imageLocality) Name() string { return "ImageLocality" }

// Sizes below the first are not worth a thought, those above the second, for each container, are as good as any.
const (
	smallImage = 23 << 20
	largeImage = 1000 << 20
)

// PreScore has no opinion where no node has any of the images.
func (*imageLocality) PreScore(c *cycle, _ []*nodeInfo) nodeScorer {
	spec := &c.pod.pod.Spec
	s := &imageScorer{containers: int64(len(spec.InitContainers) + len(spec.Containers))}
	add := func(image string) {
		name := normalizedImage(image)
		if nodes := c.cache.images[name]; nodes > 0 {
			s.images = append(s.images, presentImage{name, float64(nodes) / float64(len(c.cache.nodes))})
		}
	}
	for i := range spec.InitContainers {
		add(spec.InitContainers[i].Image)
	}
	for i := range spec.Containers {
		add(spec.Containers[i].Image)
	}
	for i := range spec.Volumes {
		if image := spec.Volumes[i].Image; image != nil {
			add(image.Reference)
		}
	}
	if len(s.images) == 0 {
		return nil
	}
	return s
}

type imageScorer struct {
	images     []presentImage
	containers int64
}

type presentImage struct {
	name   string
	spread float64 // the share of the nodes that have it
}

// Score adds up the sizes of what need not be pulled.
func (s *imageScorer) Score(n *nodeInfo) int64 {
	var sum int64
	for _, image := range s.images {
		if size, ok := n.images[image.name]; ok {
			sum += int64(float64(size) * image.spread)
		}
	}
	most := largeImage * s.containers
	return maxNodeScore * (min(max(sum, smallImage), most) - smallImage) / (most - smallImage)
}

// normalizedImage is the name as nodes report it: with a tag.
func normalizedImage(name string) string {
	if strings.LastIndex(name, ":") <= strings.LastIndex(name, "/") {
		name += ":latest"
	}
	return name
}

// nodeImages are the images of a node by each of their names.
func nodeImages(node *api.Node) map[string]int64 {
	if len(node.Status.Images) == 0 {
		return nil
	}
	images := map[string]int64{}
	for i := range node.Status.Images {
		for _, name := range node.Status.Images[i].Names {
			images[name] = node.Status.Images[i].SizeBytes
		}
	}
	return images
}
