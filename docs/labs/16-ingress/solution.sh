kubectl-lite create ingress front --class=nginx --rule='bakery.example/blog*=blog:8000' --rule='bakery.example/*=shop:8080' -n lab-ingress
