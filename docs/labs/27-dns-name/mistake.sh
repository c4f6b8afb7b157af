# A namesake: the name is found now, and nobody is at home.
kubectl-lite create service clusterip db --tcp=80 -n lab-dns-name
