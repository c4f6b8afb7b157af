# The port of the pods, which the Services do not have.
kubectl-lite create ingress front --class=nginx --rule='bakery.example/blog*=blog:80' --rule='bakery.example/*=shop:80' -n lab-ingress
