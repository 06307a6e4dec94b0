"""The physical model beside published chips: the same quantities, modelled and measured."""
