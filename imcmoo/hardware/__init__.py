"""What devices and components cost: the component table and what builds it."""
